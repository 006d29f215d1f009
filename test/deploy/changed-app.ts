import { loadConfig } from '../../config';
import { buildApp, newApp } from '../../lib/app';

/** The platform's app with one property changed, for the check that a change deploys its own stack and no other. */
const app = newApp();
const config = loadConfig(String(app.node.tryGetContext('env')));
buildApp(app, { ...config, ingest: { ...config.ingest, windowSeconds: config.ingest.windowSeconds === 7 ? 8 : 7 } });
app.synth();
