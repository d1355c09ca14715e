/** Made from the folders of the models in the package by scripts/model-plugin.mjs. */
declare module 'maxsift:default-model' {
  export { fingerprint, list, name, urls } from 'maxsift:nano-model'
}

declare module 'maxsift:nano-model' {
  import type { BundledFiles } from './model/bundled.ts'

  export const name: string
  export const fingerprint: string
  // Functions, so that importing the package works where scripts have no address.
  export const list: () => BundledFiles['list']
  export const urls: () => BundledFiles['urls']
}
