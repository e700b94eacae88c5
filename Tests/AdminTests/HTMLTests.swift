import Testing

@testable import Admin

@Suite("HTML")
struct HTMLTests {
    @Test func textAndAttributesAreEscaped() {
        let html = HTML.element("p", ["title": "\"'<&>"]) { "<script>alert('&')</script>" }
        #expect(
            html.source
                == "<p title=\"&quot;&#39;&lt;&amp;&gt;\">&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;</p>")
    }

    @Test func anAttributeWithoutValueIsLeftOut() {
        #expect(HTML.element("p", ["hidden": nil, "class": "a"]).source == "<p class=\"a\"></p>")
    }

    @Test func contentIsAListWithChoicesAndLoops() {
        let isThere = true
        let html = HTML.element("ul") {
            for number in 1...2 { HTML.element("li") { "\(number)" } }
            if isThere { "yes" } else { "no" }
            if !isThere { "nothing" }
        }
        #expect(html.source == "<ul><li>1</li><li>2</li>yes</ul>")
    }

    @Test func aTemplateIsFilledOnceAndNotAgain() {
        let template = HTMLTemplate("<p>{{a}}</p>{{b}}{{c}}")
        #expect(template.places == ["a", "b", "c"])
        // What fills one place is no template itself.
        #expect(template.filled(with: ["a": .text("{{b}}"), "b": .text("B")]) == "<p>{{b}}</p>B")
    }
}
