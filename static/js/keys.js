// Security keys: the browser makes or shows a credential, the form carries it. Only on the pages that need it.
(() => {
  const form = document.querySelector("[data-key]");
  const start = form.querySelector("[data-key-start]");
  const say = (words) => (form.querySelector("[data-key-problem]").textContent = words);
  const options = JSON.parse(document.getElementById("key-options").textContent);
  const create = form.dataset.key === "create";

  const ask = () => {
    if (create) {
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options.creation_options.publicKey);
      return navigator.credentials.create({ publicKey });
    }
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.request_options.publicKey);
    return navigator.credentials.get({ publicKey });
  };

  start.addEventListener("click", async () => {
    say("");
    if (!window.PublicKeyCredential?.parseCreationOptionsFromJSON) {
      return say("This browser cannot use security keys here. Use a newer one, or the authenticator app.");
    }
    start.disabled = true;
    try {
      form.elements.credential.value = JSON.stringify(await ask());
      form.requestSubmit();
    } catch (error) {
      start.disabled = false;
      say(error.name === "InvalidStateError" ? "This key is set up already." : "The key did not answer, or it was cancelled. Try again.");
    }
  });
})();
