package dev.starling.account;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * A page that asks for something, and says at each field what is wrong with it.
 *
 * @param path below {@link AccountPages#PATH}
 * @param title of the page
 * @param text before the fields, null for none
 * @param fields in their order
 * @param button what is done
 * @param open whether one needs no session
 * @param dangerous whether it cannot be undone
 * @param links where to go instead
 * @param action does it
 */
record Form(
    String path,
    String title,
    String text,
    List<Field> fields,
    String button,
    boolean open,
    boolean dangerous,
    List<Link> links,
    Action action) {

  /** Does what a form asks for and answers, or fails and leaves that to the form. */
  interface Action {
    Future<Void> perform(Visit visit);
  }

  /**
   * To another page.
   *
   * @param path below {@link AccountPages#PATH}
   */
  record Link(String path, String text) {}

  /** Besides the password, where the account has a second factor. */
  static final Field CODE =
      Field.code("one_time_code", "Code of your authenticator app, or a recovery code");

  private static final List<Link> BACK = List.of(new Link("", "Back to your account"));

  /** For those who are not signed in. */
  static Form open(
      String path,
      String title,
      List<Field> fields,
      String button,
      List<Link> links,
      Action action) {
    return new Form(path, title, null, fields, button, true, false, links, action);
  }

  /** For those who are. */
  static Form own(
      String path, String title, String text, List<Field> fields, String button, Action action) {
    return new Form(path, title, text, fields, button, false, false, BACK, action);
  }

  /** The same, marked as what cannot be undone. */
  Form dangerously() {
    return new Form(path, title, text, fields, button, open, true, links, action);
  }

  Future<Void> show(Visit visit) {
    return ifAllowed(visit, () -> offered(visit).compose(form -> form.show(visit, Problems.NONE)));
  }

  /** Without what needs a mail, where none is sent. */
  private Future<Form> offered(Visit visit) {
    List<Field> otherFields = fields.stream().filter(field -> !field.isAddress()).toList();
    List<Link> otherLinks = links.stream().filter(link -> !link.equals(Mails.LINK)).toList();
    if (otherFields.equals(fields) && otherLinks.equals(links)) {
      return Future.succeededFuture(this);
    }
    Form without =
        new Form(path, title, text, otherFields, button, open, dangerous, otherLinks, action);
    return visit.sendsMail().map(sends -> sends ? this : without);
  }

  Future<Void> submit(Visit visit) {
    return ifAllowed(
        visit,
        () ->
            action
                .perform(visit)
                .transform(
                    done ->
                        done.succeeded()
                            ? Future.succeededFuture()
                            : refused(visit, ServiceException.of(done.cause()))));
  }

  private Future<Void> ifAllowed(Visit visit, Supplier<Future<Void>> answer) {
    return open
        ? answer.get()
        : visit.isSignedIn().compose(signedIn -> signedIn ? answer.get() : visit.go(""));
  }

  /** Shows the form again, with what is wrong. */
  Future<Void> refused(Visit visit, ServiceException refusal) {
    if (refusal.code() == ErrorCode.INTERNAL
        || refusal.code() == ErrorCode.UNAUTHENTICATED && !open) {
      return Future.failedFuture(refusal);
    }
    visit.sayWhen(refusal);
    Form asking = visit.secondFactor() != null || isAskedForCode(refusal) ? withCode() : this;
    return asking
        .offered(visit)
        .compose(form -> form.show(visit, Problems.of(refusal, form.fields())));
  }

  private static boolean isAskedForCode(ServiceException refusal) {
    return refusal.errors().stream().anyMatch(e -> e.pointer().equals("/" + CODE.name()));
  }

  /** For those whose account asks for a code besides the password. */
  private Form withCode() {
    if (fields.stream().anyMatch(field -> field.name().equals(CODE.name()))) {
      return this;
    }
    List<Field> more = new ArrayList<>(fields);
    more.add(CODE);
    return new Form(path, title, text, more, button, open, dangerous, links, action);
  }

  private Future<Void> show(Visit visit, Problems problems) {
    Map<String, Object> model = new HashMap<>(model(problems, visit::field));
    model.put("notice", Notices.text(visit.asked("done")));
    return visit.show(problems.status(), "form", model);
  }

  /**
   * What a template needs of it.
   *
   * @param typed gives what was typed into a field before
   */
  Map<String, Object> model(Problems problems, UnaryOperator<String> typed) {
    Map<String, Object> model = new HashMap<>();
    model.put("title", title);
    model.put("text", text);
    model.put("action", AccountPages.PATH + path);
    model.put("button", button);
    model.put("dangerous", dangerous);
    model.put("links", links);
    model.put("problems", summary(problems));
    model.put("failed", problems != Problems.NONE);
    model.put("fields", fields.stream().map(field -> input(field, typed, problems)).toList());
    return model;
  }

  /** All that is wrong, in the order of the page, each with the field that it is about. */
  private List<Map<String, String>> summary(Problems problems) {
    List<Map<String, String>> all = new ArrayList<>();
    problems.texts().forEach(each -> all.add(Map.of("problem", each)));
    for (Field field : fields) {
      String problem = problems.fields().get(field.name());
      if (problem != null) {
        all.add(Map.of("problem", problem, "at", field.name()));
      }
    }
    return all;
  }

  private static Map<String, Object> input(
      Field field, UnaryOperator<String> typed, Problems problems) {
    String problem = problems.fields().get(field.name());
    List<String> described = new ArrayList<>();
    if (field.hint() != null) {
      described.add(field.name() + "-hint");
    }
    if (problem != null) {
      described.add(field.name() + "-problem");
    }
    Map<String, Object> input = new HashMap<>();
    input.put("field", field);
    input.put("checkbox", field.isCheckbox());
    input.put("hint", field.hint());
    input.put("wrong", problem);
    input.put("described", String.join(" ", described));
    input.put("value", field.isShownAgain() ? typed.apply(field.name()) : null);
    return input;
  }
}
