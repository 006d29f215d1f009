import { outliveReaders } from './failures';
import { main } from './main';

// Whatever a command writes is this user's alone.
process.umask(0o077);
outliveReaders();
main(process.argv).catch(() => (process.exitCode = 1));
