/** Values that specialise a shader: numbers and booleans, by constant name. */
export type Defines = Readonly<Record<string, number | boolean>>

/**
 * Specialises WGSL text. Every define becomes a module constant (`const NAME = 32u;`, floats as `f32`), so that it
 * can size arrays, and steers these directives, each alone on its line:
 *
 *     #if NAME   #if !NAME   #if NAME == 32   #elif …   #else   #endif
 *     #for r ROWS   …   #end        these lines ROWS times, with $r replaced by 0, 1, …
 *
 * Directives nest. `#for` is for values that must stay in registers: an array indexed by a loop variable goes to
 * memory on drivers that do not unroll the loop.
 * The expanded text is what is compiled, and its identity is the pipeline's key.
 * @throws Error on an unknown name or an unbalanced directive: a fault of ours, not of the user's.
 */
export function expand(source: string, defines: Defines, enable: readonly string[] = []): string {
  const input = source.split('\n')
  let at = 0

  /** Expands up to the directive that ends this block, which it gives; a dead block has no output. */
  const block = (output: string[] | null): readonly [word: string, rest: string] => {
    while (at < input.length) {
      const line = input[at++]
      const [, word, rest] = /^\s*#(if|elif|else|endif|for|end)\b\s*(.*?)\s*$/.exec(line) ?? []
      if (word === undefined) output?.push(line)
      else if (word === 'if') choose(rest, output)
      else if (word === 'for') repeat(rest, output)
      else return [word, rest]
    }
    return ['', '']
  }

  const choose = (first: string, output: string[] | null) => {
    // Conditions of a dead block, or after the branch that holds, are not read: they may name what is not defined.
    let taken = output === null
    let [word, condition] = ['if', first] as readonly [string, string]
    do {
      const holds = !taken && (word === 'else' || evaluate(condition, defines))
      taken ||= holds
      ;[word, condition] = block(holds ? output : null)
    } while (word === 'elif' || word === 'else')
    if (word !== 'endif') throw new Error('#if without #endif')
  }

  const repeat = (rule: string, output: string[] | null) => {
    const [, letter, name] = /^([a-z]) (\w+)$/.exec(rule) ?? []
    if (letter === undefined) throw new Error(`cannot read "#for ${rule}"`)
    const body: string[] = []
    if (block(output && body)[0] !== 'end') throw new Error('#for without #end')
    if (!output) return
    for (let i = 0; i < value(name, defines); i++) {
      output.push(...body.map((line) => line.replaceAll(`$${letter}`, String(i))))
    }
  }

  const lines: string[] = []
  const [stray] = block(lines)
  if (stray) throw new Error(`#${stray} without its beginning`)
  const constants = Object.entries(defines).map(([name, value]) => `const ${name} = ${literal(value)};`)
  return [...enable.map((extension) => `enable ${extension};`), ...constants, ...lines].join('\n')
}

function literal(value: number | boolean): string {
  if (typeof value === 'boolean') return String(value)
  return Number.isInteger(value) ? `${value}u` : `f32(${value})`
}

function evaluate(condition: string, defines: Defines): boolean {
  const match = /^(!?)\s*(\w+)(?:\s*(==|>|<=)\s*(\d+))?$/.exec(condition)
  if (!match) throw new Error(`cannot read the condition "${condition}"`)
  const [, not, name, operator, right] = match
  const left = value(name, defines)
  let holds = left !== 0
  if (operator === '==') holds = left === Number(right)
  if (operator === '>') holds = left > Number(right)
  if (operator === '<=') holds = left <= Number(right)
  return not ? !holds : holds
}

function value(name: string, defines: Defines): number {
  if (!Object.hasOwn(defines, name)) throw new Error(`the shader asks for "${name}", which is not defined`)
  return Number(defines[name])
}
