/**
 * Vitest reporter: prints failures only, and leaves the counts and every suite that was not run, with its reason,
 * in the file named by MAXSIFT_REPORT. A test or suite that cannot run here says why after ' — ' in its title.
 */
import { writeFileSync } from 'node:fs'
import { MinimalReporter } from 'vitest/node'

export default class QuietReporter extends MinimalReporter {
  onTestRunEnd(modules, errors, reason) {
    super.onTestRunEnd(modules, errors, reason)
    const report = { passed: 0, failed: errors.length, notRun: [] }
    for (const module of modules) {
      const skipped = new Map()
      let failed = 0
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') report.passed += 1
        else if (state === 'failed') failed += 1
        else {
          const titles = [test.name, ...ancestors(test)]
          const reason =
            test.result().note ?? titles.map((title) => title.split(' — ')[1]).find(Boolean) ?? 'no reason given'
          const suite = (titles.at(-1) ?? '').split(' — ')[0]
          const key = `${suite} — ${reason}`
          skipped.set(key, (skipped.get(key) ?? 0) + 1)
        }
      }
      // A file or suite that fails before its tests counts once.
      if (failed === 0 && module.state() === 'failed') failed = 1
      report.failed += failed
      for (const [what, cases] of skipped)
        report.notRun.push({ project: module.project.name, file: module.relativeModuleId, what, cases })
    }
    if (process.env.MAXSIFT_REPORT) writeFileSync(process.env.MAXSIFT_REPORT, JSON.stringify(report))
  }

  // The counts are printed by scripts/test.mjs, last of all.
  reportTestSummary() {}
}

function* ancestors(test) {
  for (let at = test.parent; at && at.type === 'suite'; at = at.parent) yield at.name
}
