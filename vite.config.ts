import { defineConfig } from 'vite'
import { wgsl } from './scripts/wgsl-plugin.mjs'

export default defineConfig({ plugins: [wgsl()] })
