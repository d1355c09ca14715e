import { removeAll } from 'maxsift'
import { note } from '../intake/interrupted.ts'
import { keep } from '../model/choice.ts'
import { element } from '../reader/dom.ts'
import { button } from '../ui/button.ts'

/** Removes all that this page keeps on the device, itself included, and says so: a page that stayed open would keep it again. */
export async function removeEverything(): Promise<void> {
  await removeAll()
  for (const name of await caches.keys()) if (name.startsWith('maxsift-')) await caches.delete(name)
  const registration = await navigator.serviceWorker?.getRegistration()
  await registration?.unregister()
  note(null)
  keep(null)
  const title = element('h1', { tabindex: '-1' }, 'Everything is removed')
  document.body.replaceChildren(
    element(
      'main',
      { class: 'ended' },
      title,
      element('p', {}, 'Documents, model and page are gone from this browser. You can close it now.'),
      button('Start anew', () => location.reload()),
    ),
  )
  title.focus()
}
