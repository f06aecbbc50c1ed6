using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Configuration;

namespace LoadBalancer.Configuration;

/// <summary>
/// Binds the configuration to the contract. Unlike the framework's binder it goes on after an error, so that one
/// run names all of them; what a key may hold is read from the contract's own JSON metadata.
/// </summary>
public static class ConfigurationReader
{
    private static readonly string[] FileSections = ["$schema", LoadBalancerOptions.SectionName, LoadBalancerOptions.ServicesSectionName, "Logging"];

    /// <summary>Reads and validates the sections <c>LoadBalancer</c> and <c>Services</c>.</summary>
    /// <param name="configuration">The configuration: the file, with environment variables over it.</param>
    /// <param name="check">Further checks of the options; made even when there are errors already, on what could be read.</param>
    /// <returns>The options, or every error.</returns>
    public static ConfigurationResult Read(IConfiguration configuration, Func<LoadBalancerOptions, IEnumerable<ConfigurationError>>? check = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);

        var errors = new List<ConfigurationError>();
        var section = configuration.GetSection(LoadBalancerOptions.SectionName);
        var typeInfo = ConfigurationJsonContext.Default.LoadBalancerOptions;
        var options = new LoadBalancerOptions();
        if (section.Exists())
        {
            // What failed to parse is left out of the node, so the rest still binds and is validated in the same run.
            var node = ToNode(section, typeInfo, errors);
            options = node?.Deserialize(typeInfo) ?? options;
        }

        OptionsValidator.Validate(options, errors);
        OptionsValidator.ValidateTls(options, errors);
        errors.AddRange(check?.Invoke(options) ?? []);
        ValidateServices(configuration.GetSection(LoadBalancerOptions.ServicesSectionName), errors);
        return new(errors.Count == 0 ? options : null, errors);
    }

    /// <summary>Names the top-level keys of a file that nothing reads.</summary>
    /// <param name="file">The file alone, without environment variables.</param>
    /// <returns>An error a key.</returns>
    public static IEnumerable<ConfigurationError> UnknownSections(IConfiguration file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return file.GetChildren()
            .Where(child => !FileSections.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
            .Select(child => UnknownKey(child, FileSections));
    }

    private static JsonNode? ToNode(IConfigurationSection section, JsonTypeInfo type, List<ConfigurationError> errors)
    {
        if (type.Kind == JsonTypeInfoKind.None)
        {
            return ToLeaf(section, type.Type, errors);
        }

        var children = section.GetChildren().ToArray();
        if (children.Length == 0 && !string.IsNullOrEmpty(section.Value))
        {
            var expected = type.Kind == JsonTypeInfoKind.Enumerable ? "a list" : "an object";
            errors.Add(new(section.Path, $"'{section.Value}' is not allowed here; must be {expected}"));
            return null;
        }

        return type.Kind switch
        {
            JsonTypeInfoKind.Enumerable => ToArray(children, type, errors),
            JsonTypeInfoKind.Dictionary => ToDictionary(children, type, errors),
            _ => ToObject(children, type, errors),
        };
    }

    private static JsonArray ToArray(IConfigurationSection[] children, JsonTypeInfo type, List<ConfigurationError> errors)
    {
        var element = ConfigurationJsonContext.Default.GetTypeInfo(type.ElementType!)!;
        errors.AddRange(children.Where(child => !IsIndex(child)).Select(child => new ConfigurationError(child.Path, "is not an index; must be a list")));
        return new JsonArray([.. children.Where(IsIndex).Select(child => ToNode(child, element, errors)).Where(node => node is not null)]);
    }

    private static JsonObject ToDictionary(IConfigurationSection[] children, JsonTypeInfo type, List<ConfigurationError> errors)
    {
        var element = ConfigurationJsonContext.Default.GetTypeInfo(type.ElementType!)!;
        var result = new JsonObject();
        foreach (var child in children)
        {
            var node = ToNode(child, element, errors);
            // An entry that is empty ("catalog": {}) has all defaults; it is still an entry. A number or text without a value is none.
            if (node is not null || element.Kind != JsonTypeInfoKind.None)
            {
                result[child.Key] = node ?? (element.Kind == JsonTypeInfoKind.Object ? new JsonObject() : null);
            }
        }

        return result;
    }

    private static JsonObject ToObject(IConfigurationSection[] children, JsonTypeInfo type, List<ConfigurationError> errors)
    {
        var result = new JsonObject();
        // What options compute from their other properties has no setter and is no key.
        var properties = type.Properties.Where(p => p.Set is not null).ToArray();
        foreach (var child in children)
        {
            var property = properties.FirstOrDefault(p => p.Name.Equals(child.Key, StringComparison.OrdinalIgnoreCase));
            if (property is null)
            {
                errors.Add(UnknownKey(child, properties.Select(p => p.Name)));
            }
            else if (ToNode(child, ConfigurationJsonContext.Default.GetTypeInfo(property.PropertyType)!, errors) is { } node)
            {
                result[property.Name] = node;
            }
        }

        return result;
    }

    private static JsonValue? ToLeaf(IConfigurationSection section, Type type, List<ConfigurationError> errors)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (section.GetChildren().Any())
        {
            errors.Add(new(section.Path, $"is an object or a list; must be {Describe(type)}"));
            return null;
        }

        if (section.Value is not { } text)
        {
            return null;
        }

        JsonValue? value = null;
        if (type == typeof(string))
        {
            value = JsonValue.Create(text);
        }
        else if (type == typeof(int) && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            value = JsonValue.Create(number);
        }
        else if (type == typeof(long) && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var large))
        {
            value = JsonValue.Create(large);
        }
        else if (type == typeof(bool) && bool.TryParse(text, out var flag))
        {
            value = JsonValue.Create(flag);
        }
        else if (type == typeof(TimeSpan) && text.Contains(':') && TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out var time))
        {
            value = JsonValue.Create(time.ToString("c", CultureInfo.InvariantCulture));
        }
        else if (type.IsEnum && Enum.GetNames(type).FirstOrDefault(name => name.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } member)
        {
            value = JsonValue.Create(member);
        }

        if (value is null)
        {
            errors.Add(new(section.Path, $"'{text}' is not allowed; must be {Describe(type)}"));
        }

        return value;
    }

    private static string Describe(Type type) => type switch
    {
        { IsEnum: true } => $"one of {string.Join(", ", Enum.GetNames(type))}",
        _ when type == typeof(int) || type == typeof(long) => "a whole number",
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(TimeSpan) => "a time as [d.]hh:mm:ss[.fff], such as 00:00:05",
        _ => "a text",
    };

    private static ConfigurationError UnknownKey(IConfigurationSection section, IEnumerable<string> allowed) =>
        new(section.Path, $"unknown key; allowed are {string.Join(", ", allowed)}");

    private static void ValidateServices(IConfigurationSection services, List<ConfigurationError> errors)
    {
        foreach (var service in services.GetChildren())
        {
            var endpoints = service.GetChildren().ToArray();
            // "catalog": "http://…" and "catalog": ["http://…"] have no endpoint name, and discovery would find nothing in them.
            foreach (var nameless in endpoints.Where(IsIndex).Prepend(service).Where(section => !string.IsNullOrEmpty(section.Value)))
            {
                errors.Add(new(nameless.Path, $"'{nameless.Value}' is not allowed here; must be an object of endpoint names, each with a list of addresses"));
            }

            foreach (var endpoint in endpoints.Where(endpoint => !IsIndex(endpoint)))
            {
                ValidateEndpoint(endpoint, errors);
            }
        }
    }

    private static void ValidateEndpoint(IConfigurationSection endpoint, List<ConfigurationError> errors)
    {
        var addresses = endpoint.GetChildren().ToArray();
        // No address at all is an empty list: none may run at the moment.
        foreach (var address in addresses.Length == 0 && !string.IsNullOrEmpty(endpoint.Value) ? [endpoint] : addresses)
        {
            if (addresses.Length > 0 && !IsIndex(address))
            {
                errors.Add(new(address.Path, "must be a list of addresses"));
            }
            else if (!IsServiceAddress(address.Value))
            {
                errors.Add(new(address.Path, $"'{address.Value}' is not an address; must be a URL without a path, such as http://127.0.0.1:5001, host:port, or unix:/path"));
            }
        }
    }

    private static bool IsIndex(IConfigurationSection section) => int.TryParse(section.Key, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static bool IsServiceAddress(string? text)
    {
        if (text is null)
        {
            return false;
        }

        if (text.StartsWith("unix:", StringComparison.OrdinalIgnoreCase))
        {
            return OptionsValidator.IsUnixAddress(text);
        }

        var uriText = text.Contains("://", StringComparison.Ordinal) ? text : $"tcp://{text}";
        return Uri.TryCreate(uriText, UriKind.Absolute, out var uri) && uri.Host.Length > 0 && uri.Port > 0 && uri.PathAndQuery.Length <= 1;
    }
}
