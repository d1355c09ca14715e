import { describe, expect, it } from 'vitest'
import { type Findings, recall } from '../../src/gpu/findings.ts'

function kept(entries: Record<string, string> = {}): Findings & { entries: Map<string, string> } {
  const held = new Map(Object.entries(entries))
  return {
    entries: held,
    get: async (question) => held.get(question),
    put: async (question, answer) => void held.set(question, answer),
    clear: async () => held.clear(),
  }
}

describe('findings', () => {
  const answers = ['small', 'large'] as const
  const never = async () => {
    throw new Error('asked')
  }

  it('are asked for once', async () => {
    const findings = kept()
    expect(await recall(findings, 'tile', answers, async () => 'large')).toBe('large')
    expect(await recall(findings, 'tile', answers, never)).toBe('large')
    await expect(recall(findings, 'other', answers, never)).rejects.toThrow('asked')
  })

  it('that no longer mean anything are asked for again', async () => {
    const findings = kept({ tile: 'none of ours' })
    expect(await recall(findings, 'tile', answers, async () => 'small')).toBe('small')
    expect(findings.entries.get('tile')).toBe('small')
  })

  it('are not kept where there was no answer', async () => {
    const findings = kept()
    expect(await recall(findings, 'tile', answers, async () => undefined)).toBeUndefined()
    expect(findings.entries.size).toBe(0)
  })

  it('are asked for each time where nothing can be kept', async () => {
    const broken: Findings = { get: never, put: never, clear: never }
    for (const findings of [broken, undefined])
      expect(await recall(findings, 'tile', answers, async () => 'large')).toBe('large')
  })
})
