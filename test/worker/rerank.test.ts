import { expect, it } from 'vitest'
import type { Hit } from '../../src/search/types.ts'
import { Connection } from '../../src/worker/connect.ts'
import type { Lease } from '../../src/worker/pool.ts'
import { SearchIndex } from '../../src/worker/search-index.ts'
import { serve } from '../../src/worker/serve.ts'
import type { Port } from '../../src/worker/wire.ts'
import { fakeService } from './fake-service.ts'

const hit = (id: string, text: string, title?: string): Hit => {
  const passage = { text, start: 0, end: text.length, score: 1, highlights: [] }
  return { id, score: 1, relevance: 0.5, title, passage, passages: [passage] }
}

it('reranks hits by what the service says of their best passages', async () => {
  const { port1, port2 } = new MessageChannel()
  const asked: unknown[] = []
  const scores: Record<string, number> = { one: 0.1, two: 0.9, three: 0.1 }
  serve(
    port1 as unknown as Port,
    fakeService({
      rerank: async (_, handle, query, texts, { model }) => {
        asked.push([handle, query, texts, model])
        return texts.map(({ text }) => scores[text])
      },
    }),
  )
  const connection = new Connection(port2 as unknown as Port, () => {})
  const index = new SearchIndex({ connection, release: () => {} } as Lease, 7, 'test')
  const hits = [hit('a', 'one'), hit('b', 'two', 'Title'), hit('c', 'three')]
  const found = await index.rerank('query', hits, { model: 'https://example.org/model/' })
  expect(found.map(({ id, rerank, score }) => [id, rerank, score])).toEqual([
    ['b', 0.9, 1],
    ['a', 0.1, 1],
    ['c', 0.1, 1],
  ])
  const texts = [{ text: 'one' }, { title: 'Title', text: 'two' }, { text: 'three' }]
  expect(asked).toEqual([[7, 'query', texts, 'https://example.org/model/']])
  await expect(index.rerank('query', hits, {} as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(index.rerank('query', 'hits' as never, { model: '/m/' })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  })
  port1.close()
  port2.close()
})
