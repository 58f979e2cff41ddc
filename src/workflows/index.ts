import './stack-traces.js';

export { distriCatalogue } from './catalogue.js';
export { distriWorkflow } from './distri-workflow.js';
