import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { version } from '../../package.json'
import { cli } from './cli.ts'
import { temporaryFolder } from './folder.ts'

it.each([
  [[], 'maxsift search'],
  [['nonsense'], 'no command "nonsense"'],
  [['constructor'], 'no command "constructor"'],
  [['encode', 'text'], '--query or --document'],
  [['encode', '--query', '--document', 'text'], '--query or --document'],
  [['encode', '--query'], 'texts or --file'],
  [['encode', '--query', 'text', '--file', 'x'], 'texts or --file'],
  [['encode', '--query', '--model', '', 'text'], '--model is empty'],
  [['encode', '--query', '--nonsense', 'text'], '--nonsense'],
  [['encode', '--query', '--model'], '--model'],
  [['encode', '--query', '--model', 'm', '--backend', 'cuda', 'text'], '"cuda"'],
  [['encode', '--query', '--query-length', '32', 'text'], '--query-length must be one of fixed'],
  [['encode', '--query', '--pooling', 'max', 'text'], '--pooling must be one of none, cls, mean'],
  [['score', '--file', 'x'], '--query TEXT'],
  [['score', '--query', 'x'], '--file'],
  [['score', '--query', 'x', '--file', 'y', 'z'], '"z"'],
  [['index', '--out', 'o'], 'PATH'],
  [['index', 'p'], '--out'],
  [['index', 'p', '--out', 'o', '--url', '/docs/', '--no-url'], '--no-url'],
  [['index', 'p', '--out', 'o', '--codec', 'int7', '--model', 'm'], '"int7"'],
  [['search', 'i'], 'query'],
  [['search', 'i', 'two', 'words'], 'quotes'],
  [['search', 'i', 'q', '--limit', '-1'], '--limit'],
  [['search', 'i', 'q', '--limit=-1'], 'whole number'],
  [['search', 'i', 'q', '--limit', '1e3'], 'whole number'],
])('wrong usage is code 2 and says what is wrong: %j', async (args, message) => {
  const { code, lines, notes } = await cli(...args)
  expect(code).toBe(2)
  expect(lines).toEqual([])
  expect(notes.toLowerCase()).toContain(message.toLowerCase())
})

it('helps', async () => {
  for (const args of [['--help'], ['-h'], ['help']]) {
    const { code, notes } = await cli(...args)
    expect(code).toBe(0)
    for (const name of ['encode', 'score', 'index', 'search']) expect(notes).toContain(`maxsift ${name}`)
  }
  expect(await cli('search', 'x', '--help')).toMatchObject({ code: 0, notes: expect.stringContaining('INDEX_DIR') })
  expect(await cli('--version')).toMatchObject({ code: 0, notes: version })
})

it('what is not there is code 1, with code and remedy', async () => {
  const folder = await temporaryFolder()
  const texts = join(folder, 'texts.jsonl')
  await writeFile(texts, '"a"\n')
  for (const [args, code] of [
    [['encode', '--query', '--file', texts, '--model', join(folder, 'none')], 'MODEL_FETCH_FAILED'],
    [['encode', '--query', '--file', texts, '--model', texts], 'MODEL_FETCH_FAILED'],
    [['encode', '--query', 'x', '--model', folder], 'MODEL_INVALID'],
    [['search', join(folder, 'none'), 'x', '--model', folder], 'INVALID_INDEX_FILE'],
    [['index', join(folder, 'none'), '--out', join(folder, 'out'), '--model', folder], 'INVALID_ARGUMENT'],
    [['index', import.meta.filename, '--out', join(folder, 'out'), '--model', folder], 'INVALID_ARGUMENT'],
  ] as const) {
    const outcome = await cli(...args)
    expect(outcome).toMatchObject({ code: 1, lines: [] })
    expect(outcome.notes).toContain(`maxsift: ${code}: `)
    expect(outcome.notes.trimEnd().split('\n').length).toBeGreaterThan(1)
  }
})
