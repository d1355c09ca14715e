/** What a post-processor puts around a text, or around two. */
import { invalid, isId, unsupported } from './subwords.ts'

/** Ids that are always there, or the text itself (0), or the second text (1). */
export interface TemplatePart {
  /** Absent where a text goes. */
  ids?: readonly number[]
  text?: 0 | 1
  /** Type id of the rows. */
  type: number
}

export interface Template {
  /** Ids before and after a single text. */
  prefix: readonly number[]
  suffix: readonly number[]
  /** For two texts; empty where the tokenizer says nothing of two. */
  pair: readonly TemplatePart[]
  /** Whether it takes the white space off the ranges of tokens as well, which is left to the model. */
  trims: boolean
}

type Config = Readonly<Record<string, unknown>>

/** @param config the `post_processor` of a `tokenizer.json` */
export function readTemplate(config: unknown): Template {
  const pair: TemplatePart[] = [
    { text: 0, type: 0 },
    { text: 1, type: 1 },
  ]
  const bare: Template = { prefix: [], suffix: [], pair, trims: false }
  if (config === null || config === undefined) return bare
  const { type, cls, sep, processors } = config as Config
  const trims = (config as Config).trim_offsets !== false
  switch (type) {
    case 'ByteLevel':
      return { ...bare, trims }
    case 'BertProcessing':
    case 'RobertaProcessing': {
      const [first, last] = [[pairId(cls)], [pairId(sep)]]
      const roberta = type === 'RobertaProcessing'
      const second = roberta ? 0 : 1
      const pair: TemplatePart[] = [
        { ids: first, type: 0 },
        { text: 0, type: 0 },
        { ids: roberta ? [...last, ...last] : last, type: 0 },
        { text: 1, type: second },
        { ids: last, type: second },
      ]
      return { prefix: first, suffix: last, pair, trims: roberta && trims }
    }
    case 'TemplateProcessing':
      return fromTemplates(config as Config)
    case 'Sequence': {
      // One of them says what goes around, the others only change ranges.
      const list: Config[] = Array.isArray(processors) ? processors : []
      const around = list.filter((each) => each?.type !== 'ByteLevel')
      if (around.length > 1) break
      return { ...readTemplate(around[0]), trims: list.some((each) => readTemplate(each).trims) }
    }
  }
  throw unsupported('post-processor', type)
}

function fromTemplates({ single, pair, special_tokens: specials }: Config): Template {
  const ids = new Map(Object.entries((specials ?? {}) as Record<string, { ids?: unknown }>))
  const read = (list: unknown): TemplatePart[] =>
    (Array.isArray(list) ? list : []).map((part) => {
      const type = part?.Sequence?.type_id ?? part?.SpecialToken?.type_id ?? 0
      if (part?.Sequence) return { text: part.Sequence.id === 'B' ? 1 : 0, type }
      const found = ids.get(part?.SpecialToken?.id ?? '')?.ids
      if (!Array.isArray(found) || !found.every(isId))
        throw invalid('the template of the post-processor names an unknown token')
      return { ids: found, type }
    })
  const parts = read(single)
  const text = parts.findIndex((part) => part.text === 0)
  if (text < 0) throw invalid('the template of the post-processor has no place for the text')
  const idsOf = (list: TemplatePart[]) => list.flatMap((part) => part.ids ?? [])
  return { prefix: idsOf(parts.slice(0, text)), suffix: idsOf(parts.slice(text + 1)), pair: read(pair), trims: false }
}

function pairId(pair: unknown): number {
  const id = Array.isArray(pair) ? pair[1] : undefined
  if (!isId(id)) throw invalid('the post-processor lacks an id')
  return id
}
