/** Values that specialise a shader: numbers and booleans, by constant name. */
export type Defines = Readonly<Record<string, number | boolean>>

/**
 * Specialises WGSL text. Every define becomes a module constant (`const NAME = 32u;`, floats as `f32`), so that it
 * can size arrays, and steers these directives, each alone on its line:
 *
 *     #if NAME   #if !NAME   #if NAME == 32   #elif …   #else   #endif
 *
 * Directives nest. The expanded text is what is compiled, and its identity is the pipeline's key.
 * @throws Error on an unknown name or an unbalanced directive: a fault of ours, not of the user's.
 */
export function expand(source: string, defines: Defines, enable: readonly string[] = []): string {
  const constants = Object.entries(defines).map(([name, value]) => `const ${name} = ${literal(value)};`)
  const kept: string[] = []
  // One entry per open #if: whether this branch is live, and whether any branch was.
  const open: { live: boolean; taken: boolean; parent: boolean }[] = []
  const live = () => open.length === 0 || open[open.length - 1].live
  for (const line of source.split('\n')) {
    const directive = /^\s*#(if|elif|else|endif)\b\s*(.*?)\s*$/.exec(line)
    if (!directive) {
      if (live()) kept.push(line)
      continue
    }
    const [, word, condition] = directive
    const top = open[open.length - 1]
    if (word === 'if') {
      const parent = live()
      const holds = parent && evaluate(condition, defines)
      open.push({ live: holds, taken: holds, parent })
      continue
    }
    if (!top) throw new Error(`#${word} without #if`)
    if (word === 'endif') {
      open.pop()
    } else {
      top.live = top.parent && !top.taken && (word === 'else' || evaluate(condition, defines))
      top.taken ||= top.live
    }
  }
  if (open.length > 0) throw new Error('#if without #endif')
  return [...enable.map((extension) => `enable ${extension};`), ...constants, ...kept].join('\n')
}

function literal(value: number | boolean): string {
  if (typeof value === 'boolean') return String(value)
  return Number.isInteger(value) ? `${value}u` : `f32(${value})`
}

function evaluate(condition: string, defines: Defines): boolean {
  const match = /^(!?)\s*(\w+)(?:\s*(==|>|<=)\s*(\d+))?$/.exec(condition)
  if (!match) throw new Error(`cannot read the condition "${condition}"`)
  const [, not, name, operator, right] = match
  if (!Object.hasOwn(defines, name)) throw new Error(`the shader asks for "${name}", which is not defined`)
  const left = defines[name]
  let holds = Boolean(left)
  if (operator === '==') holds = Number(left) === Number(right)
  if (operator === '>') holds = Number(left) > Number(right)
  if (operator === '<=') holds = Number(left) <= Number(right)
  return not ? !holds : holds
}
