// A fake clock and fake WebSockets, so that no test waits.

// fakeClock has timers that fire when pass moves the time.
export function fakeClock() {
  let time = 1000;
  let timers = [];
  return {
    now: () => time,
    setTimer(then, ms) {
      const timer = { then, at: time + ms };
      timers.push(timer);
      return timer;
    },
    clearTimer(timer) { timers = timers.filter((t) => t !== timer); },
        // pass advances the time by ms and fires the timers that are due on the way.
    pass(ms) {
      const end = time + ms;
      for (;;) {
        const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        timers = timers.filter((t) => t !== next);
        time = Math.max(time, next.at);
        next.then();
      }
      time = end;
    },
    get pending() { return timers.length; },
  };
}

// fakeSockets has an open function that keeps the sockets it opens.
export function fakeSockets({ now }) {
  const all = [];
  const open = (url, protocols) => {
    const ws = {
      url, protocols, sent: [], protocol: "", extensions: "",
      send(data) { this.sent.push(data); },
      close(code, reason) { this.closing = { code, reason }; },
      opens() { this.onopen?.({ at: now() }); },
      receives(data) { this.onmessage?.({ at: now(), data }); },
      ends(code = 1006, reason = "", wasClean = code !== 1006) { this.onclose?.({ at: now(), code, reason, wasClean }); },
    };
    all.push(ws);
    return ws;
  };
  return { all, open, get last() { return all.at(-1); } };
}
