import { MaxsiftSearch } from './element.ts'

export { MaxsiftSearch } from './element.ts'
export type {
  ErrorDetail,
  MaxsiftSearchEventMap,
  ProgressDetail,
  SearchDetail,
  SelectDetail,
} from './types.ts'

declare global {
  interface HTMLElementTagNameMap {
    'maxsift-search': MaxsiftSearch
  }
}

// Not on a server; and once, also where a page has two copies of this module.
if (globalThis.customElements && !customElements.get('maxsift-search'))
  customElements.define('maxsift-search', MaxsiftSearch)
