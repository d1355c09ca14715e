import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serve } from '../../scripts/serve.mjs'

const folder = mkdtempSync(join(tmpdir(), 'maxsift-serve-'))
let server: Awaited<ReturnType<typeof serve>>

beforeAll(async () => {
  mkdirSync(join(folder, 'site/sub'), { recursive: true })
  mkdirSync(join(folder, 'model'))
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  writeFileSync(join(folder, 'site/index.html'), '<!doctype html>')
  writeFileSync(join(folder, 'site/digits.txt'), '0123456789')
  writeFileSync(join(folder, 'site/empty.txt'), '')
  writeFileSync(join(folder, 'site/a b.js'), '')
  writeFileSync(join(folder, 'model/config.json'), '{}')
  server = await serve({
    folders: { '/': join(folder, 'site'), '/model/': join(folder, 'model') },
    texts: { '/demo.json': '{"model":"model/"}' },
  })
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

/** A request whose path is sent as it stands; `fetch` would tidy it up. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
    const { hostname, port } = new URL(server.address)
    request({ hostname, port, path, method, headers }, (response) => {
      let body = ''
      response.on('data', (chunk) => {
        body += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }))
    })
      .on('error', reject)
      .end()
  })
}

describe('serve', () => {
  it('serves files with type, policy and validators', async () => {
    const { status, headers, body } = await get('/')
    expect({ status, body }).toEqual({ status: 200, body: '<!doctype html>' })
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'")
    expect((await get('/', { 'if-none-match': String(headers.etag) })).status).toBe(304)
    expect((await get('/a%20b.js')).headers['content-type']).toBe('text/javascript; charset=utf-8')
  })

  it.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
    ['bytes=10-', 416, 'Range beyond the file', 'bytes */10'],
    ['bytes=4-2', 416, 'Range beyond the file', 'bytes */10'],
    ['bytes=0-1,4-5', 200, '0123456789', undefined],
    ['pages=1-2', 200, '0123456789', undefined],
  ])('answers %s', async (range, status, body, contentRange) => {
    const answer = await get('/digits.txt', { range })
    expect(answer).toMatchObject({ status, body })
    expect(answer.headers['content-range']).toBe(contentRange)
  })

  it('serves a second folder, single texts and empty files', async () => {
    expect((await get('/model/config.json')).body).toBe('{}')
    expect((await get('/demo.json')).body).toBe('{"model":"model/"}')
    expect(await get('/empty.txt')).toMatchObject({ status: 200, body: '' })
    expect(await get('/digits.txt', {}, 'HEAD')).toMatchObject({ status: 200, body: '' })
    expect((await get('/model')).status).toBe(404)
    expect(await get('/sub')).toMatchObject({ status: 301, headers: { location: '/sub/' } })
  })

  it.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/model/..%2f..%2fsecret.txt',
    '/model/../secret.txt',
    '/..%5csecret.txt',
  ])('keeps to its folders: %s', async (path) => {
    const { status, body } = await get(path)
    expect([400, 404]).toContain(status)
    expect(body).not.toContain('secret')
  })

  it.each([
    ['/%00', 400],
    ['/%E0%A4', 400],
    ['/none.txt', 404],
    ['/sub/', 404],
  ])('refuses %s with %i', async (path, status) => {
    expect((await get(path)).status).toBe(status)
  })

  it('refuses to write', async () => {
    expect(await get('/digits.txt', {}, 'PUT')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
  })
})
