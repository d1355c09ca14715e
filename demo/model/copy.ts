import type { CallOptions, DocumentContent, DocumentInput, SearchIndex } from 'maxsift'

/** Adds all documents of an index to another one, where they are encoded anew. */
export async function copyDocuments(from: SearchIndex, to: SearchIndex, call: CallOptions): Promise<void> {
  const { signal, onProgress } = call
  const entries = await from.documents({ signal })
  await to.add(contents(), {
    signal,
    onProgress: (progress) =>
      onProgress?.({ ...progress, total: progress.stage === 'encode' ? entries.length : progress.total }),
  })

  async function* contents(): AsyncGenerator<DocumentInput> {
    for (const { id } of entries) {
      const document = await from.get(id, { signal })
      // One that was removed meanwhile is not wanted any more.
      if (document) yield inputOf(document)
    }
  }
}

/** As it was given, so that adding its file again finds it unchanged. */
export function inputOf({ id, title, url, meta, passages }: DocumentContent): DocumentInput {
  const [first, ...others] = passages.map(({ text, heading, anchor }) => ({
    text,
    ...(heading !== undefined && { heading }),
    ...(anchor !== undefined && { anchor }),
  }))
  const isPlain = others.length === 0 && first?.heading === undefined && first?.anchor === undefined
  const about = { ...(title !== undefined && { title }), ...(url !== undefined && { url }), ...(meta && { meta }) }
  return { id, ...about, ...(isPlain ? { text: first?.text ?? '' } : { passages: [first, ...others] }) }
}
