import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Aligned } from '../../src/text/aligned.ts'
import { createNormalizer } from '../../src/text/normalizer.ts'

type Case = [text: string, normalized: string, ranges: [number, number][]]

const { made_with: _, ...forms } = JSON.parse(
  readFileSync(new URL('../goldens/text/forms.json', import.meta.url), 'utf8'),
) as Record<string, Case[]>

describe('characters and where they come from equal those of Hugging Face tokenizers', () => {
  it.each(Object.keys(forms))('in %s', (type) => {
    const normalize = createNormalizer({ type })
    const found = forms[type].map(([text]): Case => {
      const aligned = normalize(new Aligned(text, 0))
      let at = 0
      const ranges = Array.from(aligned.text, (c): [number, number] => {
        at += c.length
        return [aligned.start(at - c.length), aligned.end(at)]
      })
      return [text, aligned.text, ranges]
    })
    expect(found).toEqual(forms[type])
  })
})
