import { describe, expect, it, vi } from 'vitest'
import { MaxsiftError } from '../../src/errors.ts'
import { chooseModel, type PackagedModel } from '../../src/search/default-model.ts'
import type { ModelRecord } from '../../src/store/manifest.ts'

const own: PackagedModel = {
  name: 'small',
  fingerprint: 'f1',
  files: { list: { url: 'https://site.test/files.json', bytes: 1, blocks: [''] }, urls: {} },
}
const other: PackagedModel = {
  name: 'small',
  fingerprint: 'f2',
  files: { list: { url: 'https://site.test/files.json', bytes: 1, blocks: [''] }, urls: {} },
}

/** What an index says of its model, which is `own`. */
const built = (source?: string): ModelRecord => ({
  fingerprint: 'f1',
  name: 'small',
  dim: 4,
  ...(source && { source }),
})

const opens = () => vi.fn(async (model: unknown) => model)
const fails = (code: 'MODEL_FETCH_FAILED' | 'MODEL_INVALID' | 'DEVICE_LOST', message = 'no such host') =>
  vi.fn(async (model: unknown) => {
    if (model === own) return model
    throw new MaxsiftError(code, message)
  })

describe('the model of an index', () => {
  it('is the one that the caller names', async () => {
    const open = opens()
    expect(await chooseModel({ model: '/mine/', defaultModel: own }, built('/built/'), open)).toBe('/mine/')
    expect(open).toHaveBeenCalledOnce()
  })

  it('named without a revision is the commit that the index was built with', async () => {
    const [main, commit] = ['main', 'a'.repeat(40)].map((each) => `https://hub.test/owner/small/resolve/${each}/`)
    const choose = (model: string, source: string) => chooseModel({ model }, built(source), opens())
    expect(await choose(main, commit)).toBe(commit)
    expect(await choose(main, '/built/')).toBe(main)
    expect(await choose(main, commit.replace('small', 'other'))).toBe(main)
    expect(await choose(main.replace('main', 'v2'), commit)).toBe(main.replace('main', 'v2'))
    expect(await choose(commit, main)).toBe(commit)
  })

  it('is the default for a new index', async () => {
    expect(await chooseModel({ defaultModel: own }, undefined, opens())).toBe(own)
  })

  it('is the one that the index remembers, though the default would do', async () => {
    expect(await chooseModel({ defaultModel: own }, built('/built/'), opens())).toBe('/built/')
    expect(await chooseModel({}, built('kept:["a"]'), opens())).toBe('kept:["a"]')
  })

  it('of a ready-made index may lie at an address relative to it', async () => {
    const at = (source: string, index: string) => chooseModel({ source: index }, built(source), opens())
    expect(await at('../model', 'https://site.test/search')).toBe('https://site.test/model')
    expect(await at('../model', 'https://site.test/search/')).toBe('https://site.test/model')
    expect(await at('https://cdn.test/m/', 'https://site.test/search/')).toBe('https://cdn.test/m/')
    expect(await at('/disk/model', 'folder/of/index')).toBe('/disk/model')
  })

  it('is the default where what the index remembers is out of reach, or nothing is, if the default built it', async () => {
    for (const open of [fails('MODEL_FETCH_FAILED'), fails('MODEL_INVALID')])
      expect(await chooseModel({ defaultModel: own }, built('/gone/'), open)).toBe(own)
    expect(await chooseModel({ defaultModel: own }, built(), opens())).toBe(own)
    expect(await chooseModel({ defaultModel: own }, built('default:small'), opens())).toBe(own)
  })

  it('is not replaced by a default that did not build it: that is not even opened', async () => {
    const open = fails('MODEL_FETCH_FAILED')
    const gone = chooseModel({ defaultModel: other }, built('/gone/'), open)
    await expect(gone).rejects.toMatchObject({
      code: 'MODEL_FETCH_FAILED',
      message: 'The index was built with the model small: no such host',
      remedy: expect.stringContaining('`model`'),
    })
    expect(open.mock.calls).toEqual([['/gone/']])
    const nothing = opens()
    await expect(chooseModel({ defaultModel: other }, built(), nothing)).rejects.toMatchObject({
      code: 'MODEL_MISMATCH',
      message: expect.stringContaining('small'),
      remedy: expect.stringContaining('`model`'),
    })
    expect(nothing).not.toHaveBeenCalled()
  })

  it('stays the default of an older version as long as that is kept', async () => {
    const kept = opens()
    const old = { name: 'small', fingerprint: 'f1' }
    expect(await chooseModel({ defaultModel: other }, built('default:small'), kept)).toEqual(old)
    const open = fails('MODEL_FETCH_FAILED')
    await expect(chooseModel({ defaultModel: other }, built('default:small'), open)).rejects.toMatchObject({
      code: 'MODEL_MISMATCH',
      message: expect.stringContaining('another version'),
      remedy: expect.stringContaining('add its documents again'),
    })
    expect(open.mock.calls).toEqual([[old]])
  })

  it('must be named where there is no default', async () => {
    const open = opens()
    await expect(chooseModel({}, undefined, open)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(chooseModel({}, built(), open)).rejects.toMatchObject({ code: 'MODEL_MISMATCH' })
    expect(open).not.toHaveBeenCalled()
  })

  it('is no way out of other failures', async () => {
    for (const source of ['/gone/', 'default:small']) {
      const lost = chooseModel({ defaultModel: other }, built(source), fails('DEVICE_LOST'))
      await expect(lost).rejects.toMatchObject({ code: 'DEVICE_LOST' })
    }
    const aborted = chooseModel({ defaultModel: own }, built('/slow/'), () =>
      Promise.reject(new DOMException('', 'AbortError')),
    )
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' })
  })
})
