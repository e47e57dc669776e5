// Starts the lab's worker: its glue, then its module.
importScripts("./lab-worker.js");
wasm_bindgen({ module_or_path: "./lab-worker_bg.wasm" });
