import { loadConfig } from '../config';
import { addJudges } from '../guard';
import { buildApp, newApp } from '../lib/app';

const app = newApp();
const config = loadConfig(String(app.node.tryGetContext('env') ?? 'local'));
buildApp(app, config);
addJudges(app, config.env);
app.synth();
