import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/**/*.test.ts', 'test/**/*.test.ts'],
    // Tests that start processes measure against wall time; too many files at once on two cores would starve them.
    maxWorkers: 2,
    testTimeout: 60_000,
  },
})
