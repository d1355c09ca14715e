/** Offline search over one's own documents: the page around `<maxsift-search>`. */
import 'maxsift/element'
import { App } from './app/app.ts'
import { keepOffline } from './app/offline.ts'
import type { ModelSettings } from './model/choice.ts'

/** Which model own documents are searched with; the one in the package where the server does not say. */
async function modelSettings(): Promise<ModelSettings> {
  const settings = await fetch('demo.json').then(
    (answer) => (answer.ok ? answer.json() : null),
    () => null,
  )
  return { model: settings?.model ?? null, hub: settings?.hub }
}

void new App(await modelSettings()).open()
keepOffline()
