// Starts the engine in a worker: its glue, then its module. The port to the page may come before either is there.
const port = new Promise((done) => { onmessage = ({ ports }) => done(ports[0]); });
importScripts("./engine.js");
wasm_bindgen({ module_or_path: "./engine_bg.wasm" }).then(async () => wasm_bindgen.listen(await port))
  // A promise that fails tells the page nothing; an error does.
  .catch((reason) => setTimeout(() => { throw reason; }));
