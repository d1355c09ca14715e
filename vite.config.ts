import { defineConfig } from 'vite'
import { defaultModel, nanoModel } from './scripts/model-plugin.mjs'
import { wgsl } from './scripts/wgsl-plugin.mjs'

export default defineConfig({ plugins: [wgsl(), defaultModel(), nanoModel()] })
