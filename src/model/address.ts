/** How models are named: `owner/name` or `owner/name@revision` on a hub such as Hugging Face's, or by an address. */
import { MaxsiftError } from '../errors.ts'

const HUB = 'https://huggingface.co'

const NAME = /^(\w[\w.-]*\/\w[\w.-]*?)(?:@(\w[\w./-]*))?$/
const ADDRESS = /^(\.{0,2}\/|[a-z][a-z\d+.-]*:)/i
const PLACE = /^(.+)\/([^/]+\/[^/]+)\/resolve\/([^/?#]+)\/?$/
export const COMMIT = /^[\da-f]{40}$/

/** Whether this is an address: it begins with `/`, `./`, `../` or a scheme. */
export const isAddress = (model: string) => ADDRESS.test(model)

/**
 * The address of a model's files: of a name that on the hub, of an address itself.
 * @param hub Base address of the hub.
 * @throws MaxsiftError `INVALID_ARGUMENT` for what is neither
 */
export function modelAddress(model: string, hub = HUB): string {
  if (isAddress(model)) return model
  const [, name, revision = 'main'] = NAME.exec(model) ?? []
  if (name && !/\.\.|--/.test(name)) {
    return `${hub.replace(/\/+$/, '')}/${name}/resolve/${encodeURIComponent(revision)}/`
  }
  throw new MaxsiftError('INVALID_ARGUMENT', `\`model\` is neither a name nor an address: "${model}".`, {
    remedy:
      'Write a name on the hub as owner/name or owner/name@revision; begin an address with /, ./, ../ or https://.',
  })
}

export interface Place {
  hub: string
  name: string
  /** As it stands in the address. */
  revision: string
  /** Of all revisions, the address up to them. */
  repository: string
}

/** Takes the address of a revision on a hub apart; null for any other address. */
export function placeOnHub(address: string): Place | null {
  const [, hub, name, revision] = PLACE.exec(address) ?? []
  return hub ? { hub, name, revision, repository: `${hub}/${name}/resolve/` } : null
}

/** Whether a revision is a commit: the only kind that never is another one later. */
export const isCommit = ({ revision }: Place) => COMMIT.test(revision)

/** The file in the model store that says what a revision is. */
export const DESCRIPTION = 'revision.json'
