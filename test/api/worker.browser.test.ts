import { apiSuite } from './suite.ts'

// The built package has its worker script beside it; here it is the source.
apiSuite(new URL('./worker.ts', import.meta.url), 'a worker')
