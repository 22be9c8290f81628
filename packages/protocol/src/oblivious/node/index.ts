export { keyPool, nodePrimitives } from './primitives.ts'
