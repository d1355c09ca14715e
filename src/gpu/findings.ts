/** What probes found out about GPUs, kept for longer than a device lives. To lose it costs a probe: failures are silent. */
export interface Findings {
  get(question: string): Promise<string | undefined>
  put(question: string, answer: string): Promise<void>
  clear(): Promise<void>
}

/**
 * The answer that is kept, if it is one of `answers`, else what `ask` finds, which is then kept; undefined where that
 * finds none.
 * @param question names the GPU too
 */
export async function recall<Answer extends string>(
  findings: Findings | undefined,
  question: string,
  answers: readonly Answer[],
  ask: () => Promise<Answer | undefined>,
): Promise<Answer | undefined> {
  const kept = await findings?.get(question).catch(() => undefined)
  const known = answers.find((answer) => answer === kept)
  if (known !== undefined) return known
  const found = await ask()
  if (found !== undefined) await findings?.put(question, found).catch(() => {})
  return found
}
