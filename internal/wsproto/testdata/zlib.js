// Makes zlib.txt: messages compressed by the zlib of Node.js, as a WebSocket client sends them
// with context takeover (RFC 7692 section 7.2.1).
//
//   node zlib.js > zlib.txt
//
// A line is: what it shows, the bits of the window, the SHA-256 of all messages inflated and
// put together, and the messages in base64.
'use strict'
const crypto = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const zlib = require('node:zlib')
const c = zlib.constants

const english = fs.readFileSync(path.join(__dirname, 'english.txt'))

// words is text that refers back over any distance, and is the same in every run.
function words (length) {
  const vocabulary = english.toString().split(/\s+/)
  let state = 1
  let text = ''
  while (text.length < length) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    text += vocabulary[(state >>> 16) % vocabulary.length] + ' '
  }
  return Buffer.from(text)
}

// noise does not compress.
function noise (length) {
  const blocks = []
  for (let i = 0; i * 32 < length; i++) blocks.push(crypto.createHash('sha256').update(String(i)).digest())
  return Buffer.concat(blocks).subarray(0, length)
}

// split cuts plain into n pieces.
function split (plain, n) {
  const size = Math.ceil(plain.length / n)
  return Array.from({ length: n }, (_, i) => plain.subarray(i * size, (i + 1) * size))
}

const write = (stream, piece) => new Promise(resolve => stream.write(piece, resolve))
const flush = (stream, kind) => new Promise(resolve => stream.flush(kind, resolve))

// line compresses messages, each a list of pieces with a flush of the given kind between them.
async function line (name, options, messages, kind) {
  const stream = zlib.createDeflateRaw(options)
  const compressed = []
  let chunks = []
  stream.on('data', chunk => chunks.push(chunk))
  for (const pieces of messages) {
    for (const [i, piece] of pieces.entries()) {
      if (i > 0) await flush(stream, kind)
      await write(stream, piece)
    }
    await flush(stream, c.Z_SYNC_FLUSH)
    const whole = Buffer.concat(chunks)
    chunks = []
    if (whole.subarray(-4).toString('hex') !== '0000ffff') throw new Error(name + ': no empty stored block')
    compressed.push(whole.subarray(0, -4))
  }
  print(name, options.windowBits, messages.flat(), compressed)
}

function print (name, bits, plain, compressed) {
  const sum = crypto.createHash('sha256').update(Buffer.concat(plain)).digest('hex')
  console.log([name, bits, sum, ...compressed.map(m => m.toString('base64'))].join(' '))
}

async function main () {
  const short = split(english.subarray(0, 1200), 2).map(piece => [piece])
  const mixed = [[english.subarray(0, 300), noise(100), Buffer.alloc(5000, 'a'), english.subarray(100, 500)], [noise(200), noise(200)]]
  for (let windowBits = 9; windowBits <= 15; windowBits++) {
    const long = split(words(5 << windowBits >> 2), 4).map(piece => [piece])
    await line(`window=${windowBits}`, { windowBits, level: 9 }, long, c.Z_SYNC_FLUSH)
    for (let memLevel = 1; memLevel <= 9; memLevel++) {
      await line(`window=${windowBits},memory=${memLevel}`, { windowBits, memLevel }, short, c.Z_SYNC_FLUSH)
    }
  }
  for (const strategy of ['Z_DEFAULT_STRATEGY', 'Z_FILTERED', 'Z_HUFFMAN_ONLY', 'Z_RLE', 'Z_FIXED']) {
    for (const kind of ['Z_BLOCK', 'Z_PARTIAL_FLUSH', 'Z_SYNC_FLUSH', 'Z_FULL_FLUSH']) {
      for (const windowBits of [9, 15]) {
        await line(`${strategy},${kind}`, { windowBits, strategy: c[strategy] }, mixed, c[kind])
      }
    }
    // Senders that end every message as a stream of its own (BFINAL), with and without the
    // empty block behind it.
    const whole = zlib.deflateRawSync(english.subarray(0, 600), { windowBits: 15, strategy: c[strategy] })
    print(`${strategy},Z_FINISH`, 15, [english.subarray(0, 600), english.subarray(0, 600)], [whole, Buffer.concat([whole, Buffer.from([0])])])
  }
  for (let level = 0; level <= 9; level++) {
    await line(`level=${level}`, { windowBits: 12, level }, mixed, c.Z_SYNC_FLUSH)
  }
}

main()
