import type { Random } from '@infermesh/kernel'
import { type FloodResult, floodGraph, MESSAGES } from './flood-graph.ts'

/** The yardstick: a binary heap in typed arrays with a sequence number for ties, and the job in its loop. */
class PlainHeap {
  size = 0
  readonly time: Float64Array
  readonly sequence: Float64Array
  readonly peer: Int32Array
  readonly message: Int32Array
  readonly sender: Int32Array
  #pushed = 0

  constructor(capacity: number) {
    this.time = new Float64Array(capacity)
    this.sequence = new Float64Array(capacity)
    this.peer = new Int32Array(capacity)
    this.message = new Int32Array(capacity)
    this.sender = new Int32Array(capacity)
  }

  push(time: number, peer: number, message: number, sender: number): void {
    let slot = this.size++
    const sequence = this.#pushed++
    while (slot > 0) {
      const parent = (slot - 1) >> 1
      if (!this.#isBefore(time, sequence, parent)) break
      this.#copy(parent, slot)
      slot = parent
    }
    this.#put(slot, time, sequence)
    this.peer[slot] = peer
    this.message[slot] = message
    this.sender[slot] = sender
  }

  /** Removes the first event, which the caller has read from index 0. */
  shift(): void {
    const last = --this.size
    const time = this.time[last] as number
    const sequence = this.sequence[last] as number
    const [peer, message, sender] = [this.peer[last] as number, this.message[last] as number, this.sender[last] as number]
    let slot = 0
    for (let child = 1; child < last; child = 2 * slot + 1) {
      if (child + 1 < last && this.#isBefore(this.time[child + 1] as number, this.sequence[child + 1] as number, child)) child++
      if (this.#isBefore(time, sequence, child)) break
      this.#copy(child, slot)
      slot = child
    }
    this.#put(slot, time, sequence)
    this.peer[slot] = peer
    this.message[slot] = message
    this.sender[slot] = sender
  }

  #isBefore(time: number, sequence: number, slot: number): boolean {
    const other = this.time[slot] as number
    return time < other || (time === other && sequence < (this.sequence[slot] as number))
  }

  #put(slot: number, time: number, sequence: number): void {
    this.time[slot] = time
    this.sequence[slot] = sequence
  }

  #copy(from: number, to: number): void {
    this.time[to] = this.time[from] as number
    this.sequence[to] = this.sequence[from] as number
    this.peer[to] = this.peer[from] as number
    this.message[to] = this.message[from] as number
    this.sender[to] = this.sender[from] as number
  }
}

/** The flood job with nothing around it. */
export function floodPlainHeap(peers: number, random: Random): FloodResult {
  const neighbours = floodGraph(peers, random)
  const heap = new PlainHeap(peers * 16 + 1024)
  for (let message = 0; message < MESSAGES; message++) heap.push(message * 1000, random.below(peers), message, -1)
  const seen = new Uint8Array(peers * MESSAGES)
  let deliveries = 0
  let duplicates = 0
  const began = performance.now()
  const cpuBegan = process.cpuUsage()
  while (heap.size > 0) {
    const time = heap.time[0] as number
    const peer = heap.peer[0] as number
    const message = heap.message[0] as number
    const sender = heap.sender[0] as number
    heap.shift()
    const mark = peer * MESSAGES + message
    if (seen[mark] === 1) {
      duplicates++
      continue
    }
    seen[mark] = 1
    deliveries++
    for (const other of neighbours[peer] as number[]) if (other !== sender) heap.push(time + 10 + random.next() * 90, other, message, peer)
  }
  const seconds = (performance.now() - began) / 1000
  const cpuSeconds = process.cpuUsage(cpuBegan).user / 1e6
  return { deliveries, events: deliveries + duplicates, seconds, cpuSeconds, rssMiB: process.memoryUsage().rss / 1_048_576 }
}
