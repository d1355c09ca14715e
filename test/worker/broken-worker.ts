/** A worker script that fails when it is started. */
throw new Error('broken on purpose')
