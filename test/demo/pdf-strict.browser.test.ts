import { expect, test } from 'vitest'

test('PDFs are read under the strict policy, and nothing is asked for elsewhere', async () => {
  const frame = document.createElement('iframe')
  const policy =
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; require-trusted-types-for 'script'"
  const page = new URL('./pdf-strict-page.ts', import.meta.url)
  frame.srcdoc = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${policy}">
    <script type="module" src="${page}"></script>`
  const answer = new Promise((resolve) => {
    addEventListener('message', ({ data, source }) => source === frame.contentWindow && resolve(data))
  })
  document.body.append(frame)
  try {
    expect(await answer).toEqual({
      texts: ['Plain text.', '日本語の文章'],
      violations: [],
      elsewhere: [],
    })
  } finally {
    frame.remove()
  }
})
