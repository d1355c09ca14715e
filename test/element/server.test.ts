import { expect, test } from 'vitest'

test('the element can be imported where there is no page', async () => {
  const before = Reflect.ownKeys(globalThis)
  const { MaxsiftSearch } = await import('../../src/element/index.ts')
  expect(MaxsiftSearch.observedAttributes).toContain('source')
  expect(Reflect.ownKeys(globalThis)).toEqual(before)
})
