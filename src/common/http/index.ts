export * from './checked-input.js';
export * from './problem-answers.js';
export * from './problem.filter.js';
export * from './request-context.js';
export * from './unchanged-answer.js';
export * from './unknown-field.js';
