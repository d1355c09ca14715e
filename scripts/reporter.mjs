/**
 * Vitest reporter: prints failures only, and leaves the counts and every case that was not run, with its reason, in
 * the file named by MAXSIFT_REPORT. A test or suite that cannot run here says why after ' — ' in its title.
 */
import { writeFileSync } from 'node:fs'
import { MinimalReporter } from 'vitest/node'

export default class QuietReporter extends MinimalReporter {
  onTestRunEnd(modules, errors, reason) {
    super.onTestRunEnd(modules, errors, reason)
    if (process.env.MAXSIFT_REPORT)
      writeFileSync(process.env.MAXSIFT_REPORT, JSON.stringify(summarise(modules, errors)))
  }

  // The counts are printed by scripts/test.mjs, last of all.
  reportTestSummary() {}
}

function summarise(modules, errors) {
  const report = { passed: 0, failed: errors.length, notRun: [], ran: [] }
  const skipped = []
  for (const module of modules) {
    let failed = 0
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') {
        report.passed += 1
        report.ran.push(keyOf(module, test))
      } else if (state === 'failed') failed += 1
      else skipped.push({ module, test })
    }
    // A file or suite that fails before its tests counts once.
    if (failed === 0 && module.state() === 'failed') failed = 1
    report.failed += failed
  }
  const groups = new Map()
  for (const { module, test } of skipped) {
    const titles = titlesOf(test)
    const because = test.result().note ?? titles.map((title) => title.split(' — ')[1]).find(Boolean)
    const entry = {
      project: module.project.name,
      file: module.relativeModuleId,
      what: `${titles[0].split(' — ')[0]} — ${because ?? 'no reason given'}`,
    }
    const name = JSON.stringify(entry)
    const group = groups.get(name) ?? { ...entry, cases: 0, keys: [] }
    groups.set(name, { ...group, cases: group.cases + 1, keys: [...group.keys, keyOf(module, test)] })
  }
  report.notRun.push(...groups.values())
  return report
}

const keyOf = (module, test) =>
  [module.relativeModuleId, ...titlesOf(test).map((title) => title.split(' — ')[0])].join('\n')

/** Titles of a test and its suites, outermost first. */
function titlesOf(test) {
  const titles = [test.name]
  for (let at = test.parent; at && at.type === 'suite'; at = at.parent) titles.unshift(at.name)
  return titles
}
