import { expect, test } from 'vitest'
import { MeshWatch } from './mesh-watch.ts'

test('peers that have not started, or not reported, are awaited', () => {
  const mesh = new MeshWatch()
  mesh.join('a', [])
  mesh.join('b', [])
  mesh.up('a', 'A')

  expect(mesh.missing(9)).toEqual(['a has not reported its connections yet', 'b has not started yet'])
})

test('the network stands once every dialled link does', () => {
  const mesh = standing({ a: ['b'], b: ['c'], c: [] })

  mesh.update('a', { connections: ['B'], topics: {} })
  expect(mesh.missing(9)).toEqual(['b is not connected with c'])
  mesh.update('b', { connections: ['A', 'C'], topics: {} })

  expect(mesh.missing(9)).toEqual([])
})

test('a subscriber needs a mesh neighbour as soon as another one subscribes, and not before', () => {
  const mesh = standing({ a: [], b: [], c: [] })

  mesh.update('a', { connections: [], topics: { news: 0 } })
  expect(mesh.missing(9)).toEqual([])
  mesh.update('b', { connections: [], topics: { news: 0 } })
  expect(mesh.missing(9)).toEqual(['a has no mesh neighbour in news', 'b has no mesh neighbour in news'])
  mesh.update('a', { connections: [], topics: { news: 1 } })
  mesh.down('b')

  expect(mesh.missing(9)).toEqual([])
})

test('a peer that is down is not missed, and comes back with nothing', () => {
  const mesh = standing({ a: ['b'], b: [] })
  mesh.update('a', { connections: ['B'], topics: {} })

  mesh.down('b')
  expect(mesh.missing(9)).toEqual([])
  mesh.expect('b')
  expect(mesh.missing(9)).toEqual(['b has not started yet'])
  mesh.up('b', 'B')
  mesh.update('b', { connections: [], topics: {} })

  // What a said before b went down does not count any more.
  expect(mesh.missing(9)).toEqual(['a is not connected with b'])
})

test('no more lines are made than were asked for', () => {
  const names = Array.from({ length: 50 }, (_, index) => `p${index}`)
  const mesh = new MeshWatch()
  for (const name of names) mesh.join(name, [])

  expect(mesh.missing(3)).toHaveLength(3)
})

/** Every peer up and reported, with no connections. Peer a has the id A. */
function standing(links: Readonly<Record<string, readonly string[]>>): MeshWatch {
  const mesh = new MeshWatch()
  for (const [name, targets] of Object.entries(links)) mesh.join(name, targets)
  for (const name of Object.keys(links)) {
    mesh.up(name, name.toUpperCase())
    mesh.update(name, { connections: [], topics: {} })
  }
  return mesh
}
