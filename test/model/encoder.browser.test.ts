// In Chromium too: SwiftShader and lavapipe differ in subgroups, in rounding, and in how they bound reads.
import './encoder.suite.ts'
