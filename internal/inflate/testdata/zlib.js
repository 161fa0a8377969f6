// Makes zlib.txt: messages compressed by the zlib of Node.js, each up to a sync flush whose
// 00 00 FF FF is removed. The messages of a line share a window.
//
//   node zlib.js > zlib.txt
//
// A line has: what it tests, the bits of the window, the SHA-256 of all messages inflated and
// joined, and the messages in base64.
'use strict'
const crypto = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const zlib = require('node:zlib')
const c = zlib.constants

const english = fs.readFileSync(path.join(__dirname, 'english.txt'))

// words returns text that refers back over any distance, the same in every run.
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

// noise returns bytes that do not compress.
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
    // Each message is a stream of its own (BFINAL), without and with the header of an empty
    // stored block after it.
    const whole = zlib.deflateRawSync(english.subarray(0, 600), { windowBits: 15, strategy: c[strategy] })
    print(`${strategy},Z_FINISH`, 15, [english.subarray(0, 600), english.subarray(0, 600)], [whole, Buffer.concat([whole, Buffer.from([0])])])
  }
  for (let level = 0; level <= 9; level++) {
    await line(`level=${level}`, { windowBits: 12, level }, mixed, c.Z_SYNC_FLUSH)
  }
}

main()
