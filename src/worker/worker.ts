/** The worker's entry: the engine behind messages. */
import { Host } from '../search/host.ts'
import { serve } from './serve.ts'

serve(self, new Host())
