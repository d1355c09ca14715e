/** Models on a hub, and hashes of whole files: a script that is loaded with the first model that needs it. */
export { checked } from '../model/checked.ts'
export { hubSource } from '../model/hub.ts'
