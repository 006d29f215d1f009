#!/usr/bin/env node
// The command of the package: the sources are TypeScript and run as they are. The loader comes first, since a command's
// own module is imported only when it is asked for.
void import('tsx').then(() => import('./run.ts'));
