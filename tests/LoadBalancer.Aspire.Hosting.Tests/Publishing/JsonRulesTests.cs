using System.Text.Json.Nodes;

namespace Aspire.Hosting.Tests.Publishing;

public sealed class JsonRulesTests
{
    private const string Schema = """
        {
          "type": "object",
          "required": ["kind"],
          "properties": {
            "kind": { "type": "string", "enum": ["a", "b"] },
            "port": { "type": "integer", "minimum": 1, "maximum": 65535 },
            "names": { "type": "array", "maxItems": 2, "items": { "$ref": "#/definitions/name" } },
            "one": { "oneOf": [{ "const": 1 }, { "type": "string" }] },
            "free": { "type": "object", "additionalProperties": { "type": "string" } }
          },
          "definitions": { "name": { "type": "string", "pattern": "^[a-z]+$", "maxLength": 3 } }
        }
        """;

    [Theory]
    [InlineData("""{"kind":"a","port":1,"names":["x","yz"],"one":1,"free":{"any":"thing"}}""", null)]
    [InlineData("""{"port":1}""", "$.kind is missing")]
    [InlineData("""{"kind":"c"}""", "$.kind is c")]
    [InlineData("""{"kind":"a","port":0}""", "$.port is less than 1")]
    [InlineData("""{"kind":"a","port":"1"}""", "$.port is string")]
    [InlineData("""{"kind":"a","names":["X"]}""", "$.names[0] is 'X'")]
    [InlineData("""{"kind":"a","names":["abcd"]}""", "$.names[0] is too long")]
    [InlineData("""{"kind":"a","names":["a","b","c"]}""", "$.names has too many")]
    [InlineData("""{"kind":"a","one":2}""", "$.one does not meet")]
    [InlineData("""{"kind":"a","free":{"any":1}}""", "$.free.any is integer")]
    [InlineData("""{"kind":"a","other":1}""", "$.other is no field")]
    public void What_breaks_a_rule_is_told(string json, string? error)
    {
        var errors = new JsonRules(JsonNode.Parse(Schema)!, isStrict: true).ErrorsOf(JsonNode.Parse(json));

        if (error is null)
        {
            Assert.Empty(errors);
        }
        else
        {
            Assert.StartsWith(error, Assert.Single(errors), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_keyword_that_is_not_known_is_not_skipped() =>
        Assert.Throws<NotSupportedException>(() => new JsonRules(JsonNode.Parse("""{"multipleOf":2}""")!, isStrict: false).ErrorsOf(JsonValue.Create(1)));
}
