const { execFileSync } = require('node:child_process');
const { cpus } = require('node:os');

/**
 * A worker of CI, and whatever it starts, keeps to a core of its own where there are just as many cores as workers: both are busy to the
 * end, and an engine that sees one core wakes no second thread for a few rows, which would take a fifth more of the processors' time.
 */
const WORKERS = 2;
const core = Number(process.env.JEST_WORKER_ID) - 1;
if (process.env.CI && process.platform === 'linux' && cpus().length === WORKERS && core >= 0 && core < WORKERS)
  try {
    execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(core), String(process.pid)], {
      stdio: 'ignore',
    });
  } catch {
    // Without taskset, or where a container allows other cores alone, the suites only take longer.
  }
