// What is nicer with a script; nothing needs it.
const english = navigator.language.startsWith("en") ? navigator.language : "en-GB";
for (const time of document.querySelectorAll("time")) {
  time.textContent = new Date(time.dateTime).toLocaleString(english, {
    dateStyle: "medium",
    timeStyle: "short",
  });
}

// The code of a mail's link, which no server gets to see.
const mailed = document.getElementById("code");
if (mailed && location.hash.length > 1) {
  mailed.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname + location.search);
}

// Asked for a code, one need not type the password again.
async function signIn(event) {
  event.preventDefault();
  const form = event.target;
  let answer;
  try {
    answer = await fetch(form.action, {method: "POST", body: new URLSearchParams(new FormData(form))});
  } catch {
    form.submit();
    return;
  }
  if (answer.ok) {
    location.assign(answer.url);
    return;
  }
  const password = form.elements.password.value;
  const asked = !form.elements.one_time_code;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const main = page.querySelector("main");
  if (!main) {
    form.submit();
    return;
  }
  document.title = page.title;
  document.querySelector("main").replaceWith(main);
  const code = document.getElementById("one_time_code");
  if (code && asked) {
    document.getElementById("password").value = password;
    code.focus();
  } else {
    document.querySelector(".problems")?.focus();
  }
  watch();
}

function watch() {
  if (document.getElementById("username") && document.querySelector("input[autocomplete=current-password]")) {
    document.querySelector("form[action='/account']")?.addEventListener("submit", signIn);
  }
}
watch();
