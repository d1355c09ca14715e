import { describe, expect, it } from 'vitest'
import { readDocument } from '../../src/search/documents.ts'

describe('readDocument', () => {
  it('joins passages and keeps where each starts', async () => {
    const document = await readDocument(
      { id: 'a', passages: ['one', { text: 'two', heading: 'Two', anchor: 't' }], title: 'T', meta: { n: 1 } },
      0,
    )
    expect(document).toMatchObject({
      text: 'one\ntwo\n',
      sections: [{ start: 0 }, { start: 4, heading: 'Two', anchor: 't' }],
      title: 'T',
      meta: { n: 1 },
    })
  })

  it('hashes everything that was given, and nothing else', async () => {
    const base = { id: 'a', text: 'x', meta: { a: 1 } }
    const hash = async (input: unknown) => (await readDocument(input, 0)).hash
    expect(await hash({ ...base, other: 1 })).toBe(await hash(base))
    for (const change of [{ id: 'b' }, { text: 'y' }, { meta: { a: 2 } }, { title: 't' }, { url: 'u' }]) {
      expect(await hash({ ...base, ...change })).not.toBe(await hash(base))
    }
    expect(await hash({ id: 'a', text: '\ud800' })).not.toBe(await hash({ id: 'a', text: '\ud801' }))
  })

  it('takes hostile ids and keys as they are', async () => {
    const meta = JSON.parse('{"__proto__": {"x": 1}, "constructor": 2}')
    const document = await readDocument({ id: '__proto__', text: '', meta }, 0)
    expect(document.id).toBe('__proto__')
    expect(Object.keys(document.meta!)).toEqual(['__proto__', 'constructor'])
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })

  it.each([
    [null, /not an object/],
    ['text', /not an object/],
    [{ text: 'x' }, /id must be a string/],
    [{ id: 3, text: 'x' }, /id must be a string/],
    [{ id: '', text: 'x' }, /id must not be empty/],
    [{ id: 'a' }, /neither text nor passages/],
    [{ id: 'a', text: 1 }, /text must be a string/],
    [{ id: 'a', text: 'x', passages: [] }, /both text and passages/],
    [{ id: 'a', passages: 'x' }, /passages must be a list/],
    [{ id: 'a', passages: [1] }, /passages\[0\] must be/],
    [{ id: 'a', passages: [null] }, /passages\[0\] must be/],
    [{ id: 'a', text: 'x', title: {} }, /title must be a string/],
    [{ id: 'a', text: 'x', meta: { f: () => 1 } }, /meta\.f is not a JSON value/],
    [{ id: 'a', text: 'x', meta: { n: Number.NaN } }, /meta\.n is not a JSON value/],
    [{ id: 'a', text: 'x', meta: 'no' }, /meta is not an object/],
  ])('refuses %j', async (input, message) => {
    await expect(readDocument(input, 7)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
      detail: { position: 7 },
    })
  })
})
