// A clock and WebSockets for the tests, in which nothing waits.

// fakeClock has timers that run when the time is moved.
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
    // pass lets ms go by, with all that is due on the way.
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

// fakeSockets has an open that keeps what it opens, and a clock for its events.
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
