import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { readText } from '../../src/model/read.ts'
import { blobSource, urlMapSource, urlSource } from '../../src/model/source.ts'
import { folderSource } from '../../src/node/folder-source.ts'

let server: Server | undefined

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
  server = undefined
})

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener)
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('urlSource', () => {
  it('reads files below its base', async () => {
    const asked: string[] = []
    const host = await serve((request, response) => {
      asked.push(request.url ?? '')
      if (request.url?.includes('missing')) response.writeHead(404).end()
      else response.writeHead(200, { 'content-length': 5 }).end('hello')
    })
    const source = urlSource(`${host}/models/colbert?token=1`)
    expect(source.name).toBe('colbert')
    const file = await source.open('1_Dense/a b.json')
    expect(file?.size).toBe(5)
    await file?.body.cancel()
    expect(await readText(source, 'config.json')).toBe('hello')
    expect(await source.open('missing.json')).toBeNull()
    expect(asked).toEqual(
      ['1_Dense/a%20b.json', 'config.json', 'missing.json'].map((path) => `/models/colbert/${path}?token=1`),
    )
  })

  it('takes the HTML page of a single-page application for a missing file', async () => {
    const host = await serve((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'))
    expect(await urlSource(host).open('modules.json')).toBeNull()
  })

  it('does not trust the length of compressed answers', async () => {
    const { gzipSync } = await import('node:zlib')
    const body = gzipSync('x'.repeat(1000))
    const host = await serve((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length }).end(body),
    )
    const file = await urlSource(host).open('config.json')
    expect(file?.size).toBeNull()
    await file?.body.cancel()
    expect(await readText(urlSource(host), 'config.json')).toBe('x'.repeat(1000))
  })

  it('reports an answer that is no success, with its status and address', async () => {
    const host = await serve((_, response) => response.writeHead(503, 'Busy').end('x'))
    await expect(urlSource(host).open('config.json')).rejects.toMatchObject({
      code: 'MODEL_FETCH_FAILED',
      message: `${host}/config.json answered 503 Busy`,
      detail: { status: 503, url: `${host}/config.json` },
    })
  })

  it('reports a server that does not answer, and one that breaks off', async () => {
    const dead = await serve((request) => request.socket.destroy())
    await expect(urlSource(dead).open('config.json')).rejects.toMatchObject({ code: 'MODEL_FETCH_FAILED' })
    server?.close()
    const host = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('part')
      setTimeout(() => response.destroy(), 20)
    })
    await expect(readText(urlSource(host), 'config.json')).rejects.toMatchObject({
      code: 'MODEL_FETCH_FAILED',
      message: expect.stringContaining(`${host}/config.json broke off`),
    })
  })

  it('asks nothing once aborted, and stops while it waits or reads', async () => {
    let requests = 0
    const host = await serve((request, response) => {
      requests++
      if (request.url === '/body') response.writeHead(200).write('part')
    })
    await expect(urlSource(host).open('x', AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
    expect(requests).toBe(0)
    for (const path of ['answer', 'body']) {
      const controller = new AbortController()
      const reading = readText(urlSource(host), path, controller.signal)
      setTimeout(() => controller.abort(), 50)
      await expect(reading).rejects.toMatchObject({ name: 'AbortError' })
    }
  })

  it('refuses what is no address', () => {
    expect(() => urlSource('http://')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})

describe('other sources', () => {
  it('a map of addresses', async () => {
    const host = await serve((request, response) => response.end(request.url))
    const source = urlMapSource({ 'config.json': `${host}/a/b?c`, __proto__x: `${host}/p` }, 'named')
    expect(source.name).toBe('named')
    expect(await readText(source, 'config.json')).toBe('/a/b?c')
    for (const path of ['other.json', 'constructor', '__proto__']) expect(await source.open(path)).toBeNull()
  })

  it('files that a person chose, with or without a folder', async () => {
    const inFolder = (path: string, text: string) => {
      const file = new File([text], path.split('/').at(-1) as string)
      Object.defineProperty(file, 'webkitRelativePath', { value: path })
      return file
    }
    const folder = blobSource([inFolder('colbert/config.json', '1'), inFolder('colbert/1_Dense/config.json', '22')])
    expect(folder.name).toBe('colbert')
    expect(await readText(folder, 'config.json')).toBe('1')
    expect((await folder.open('1_Dense/config.json'))?.size).toBe(2)
    expect(await folder.open('colbert/config.json')).toBeNull()
    expect(await readText(blobSource([new File(['x'], 'config.json')]), 'config.json')).toBe('x')
    expect(() => blobSource([])).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it('a folder of this computer', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'maxsift-'))
    try {
      await writeFile(join(folder, 'config.json'), '{"a":1}')
      const source = folderSource(folder)
      expect(await readText(source, 'config.json')).toBe('{"a":1}')
      expect((await source.open('config.json'))?.size).toBe(7)
      for (const path of ['missing.json', 'config.json/x', '.']) expect(await source.open(path)).toBeNull()
      await expect(source.open('config.json', AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
      const control = new AbortController()
      const opening = source.open('config.json', control.signal)
      control.abort()
      await expect(opening).rejects.toMatchObject({ name: 'AbortError' })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
