namespace LoadBalancer.Configuration.Tests;

public sealed class SecretTests
{
    private const string Secret = "hunter2-hunter2-hunter2";

    private const string Token = "LoadBalancer:Admin:Token";
    private const string AffinityKey = "LoadBalancer:Layer7:AffinityKey";

    [Theory]
    [InlineData(16)]
    [InlineData(256)]
    public void A_secret_of_either_length_is_allowed(int length)
    {
        var secret = new string('x', length);
        var options = Reading.Valid(Reading.ValidFile, (Token, secret), (AffinityKey, secret));

        Assert.Equal((secret, secret), (options.Admin.Token, options.Layer7.AffinityKey));
    }

    [Theory]
    [InlineData(Token, 0)]
    [InlineData(Token, 15)]
    [InlineData(Token, 257)]
    [InlineData(AffinityKey, 0)]
    [InlineData(AffinityKey, 15)]
    [InlineData(AffinityKey, 257)]
    public void A_secret_that_is_too_short_or_too_long_is_named_without_its_value(string key, int length) =>
        Assert.Equal(new ConfigurationError(key, $"has {length} characters; must have 16 to 256"), Reading.Error(Reading.ValidFile, (key, new string('x', length))));

    [Theory]
    [InlineData($"{Secret} {Secret}")]
    [InlineData($"{Secret}\n")]
    [InlineData($"{Secret}\0")]
    [InlineData($"{Secret}ü")]
    public void A_secret_with_other_characters_is_named_without_its_value(string secret)
    {
        Assert.Equal(new ConfigurationError(Token, "has a character that is not allowed; must be printable ASCII without spaces"), Reading.Error(Reading.ValidFile, (Token, secret)));
        Assert.Equal(new ConfigurationError(AffinityKey, "has a character that is not allowed; must be printable ASCII without spaces"), Reading.Error(Reading.ValidFile, (AffinityKey, secret)));
    }

    [Theory]
    [InlineData(Token, "hunter2")]
    [InlineData(Token, $"{Secret} {Secret}")]
    [InlineData($"{Token}:0", Secret)]
    [InlineData($"{Token}:a", Secret)]
    [InlineData("LoadBalancer:Admin:Tokn", Secret)]
    [InlineData("LoadBalancer:Token", Secret)]
    [InlineData(AffinityKey, "hunter2")]
    [InlineData(AffinityKey, $"{Secret} {Secret}")]
    [InlineData($"{AffinityKey}:0", Secret)]
    [InlineData($"{AffinityKey}:a", Secret)]
    [InlineData("LoadBalancer:Layer7:AfinityKey", Secret)]
    [InlineData("LoadBalancer:AffinityKey", Secret)]
    public void No_error_message_has_a_secret(string key, string value)
    {
        var result = Reading.Json(Reading.ValidFile, (key, value));

        Assert.NotEmpty(result.Errors);
        Assert.DoesNotContain("hunter2", string.Join("\n", result.Errors), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", result.ToString(), StringComparison.Ordinal);
    }

    public static TheoryData<string> Passwords() =>
    [
        "LoadBalancer:Layer7:Listeners:https:Tls:Certificates:shop:Password",
        "LoadBalancer:Pools:catalog:BackendTls:ClientCertificate:Password",
    ];

    [Fact]
    public void Every_password_of_the_contract_is_tested() => Assert.Equal(
        Contract.Properties().Where(property => property.Name.Contains("Password", StringComparison.Ordinal)).Select(Contract.FullName).Order(StringComparer.Ordinal),
        Passwords().Select(row => Contract.PropertyAt(row.Data)!.FullName()).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Passwords))]
    public void No_error_message_has_a_password(string key)
    {
        var certificate = key[..key.LastIndexOf(':')];
        (string Key, string Value)[][] faults =
        [
            [($"{key}:0", Secret)],
            [($"{key}:a", Secret)],
            [($"{key}s", Secret)],
            [($"{certificate}:Passwrd", Secret)],
            [(key, Secret), ($"{certificate}:Path", "")],
            [(key, Secret), ($"{certificate}:Unknown", "1")],
            [(key, Secret), ("LoadBalancer:Admin:Token", Secret[..7])],
        ];

        Assert.All(faults, fault =>
        {
            var result = Reading.Json(Reading.ValidFile, [.. fault.Select(pair => (pair.Key, (string?)pair.Value))]);

            Assert.NotEmpty(result.Errors);
            Assert.DoesNotContain("hunter2", string.Join("\n", result.Errors), StringComparison.Ordinal);
            Assert.DoesNotContain("hunter2", result.ToString(), StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData($"{Secret}\n\0ü'\"")]
    public void A_password_may_be_any_text(string password)
    {
        var options = Reading.Valid(Reading.ValidFile, [.. Passwords().Select(row => (row.Data, (string?)password))]);

        Assert.Equal(password, options.Layer7.Listeners["https"].Tls!.Certificates["shop"].Password);
        Assert.Equal(password, options.Pools["catalog"].BackendTls!.ClientCertificate!.Password);
    }

    [Fact]
    public void No_options_print_a_password()
    {
        var options = Reading.Valid(Reading.ValidFile, [.. Passwords().Select(row => (row.Data, (string?)Secret))]);
        var listener = options.Layer7.Listeners["https"];
        var certificate = listener.Tls!.Certificates["shop"];
        var pool = options.Pools["catalog"];
        var own = pool.BackendTls!.ClientCertificate!;

        Assert.Equal((Secret, Secret), (certificate.Password, own.Password));
        Assert.Equal("TlsCertificateOptions { Path = shop.pem, KeyPath = , ServerNames = shop.example }", certificate.ToString());
        Assert.Equal("BackendCertificateOptions { Path = own.pem, KeyPath =  }", own.ToString());
        object[] printed = [certificate, own, listener.Tls, listener, pool.BackendTls, pool, options.Layer7, options, new ConfigurationFile { LoadBalancer = options }, new ConfigurationResult(options, [])];
        Assert.All(printed, record => Assert.DoesNotContain("hunter2", record.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void No_options_print_a_token()
    {
        var options = Reading.Valid(Reading.ValidFile, ("LoadBalancer:Admin:Token", Secret));

        Assert.Equal(Secret, options.Admin.Token);
        Assert.Equal("AdminOptions { Address = localhost:9080 }", options.Admin.ToString());
        object[] printed = [options.Admin, options, new ConfigurationFile { LoadBalancer = options }, new ConfigurationResult(options, [])];
        Assert.All(printed, record => Assert.DoesNotContain("hunter2", record.ToString(), StringComparison.Ordinal));
        Assert.All(printed[1..], record => Assert.Contains("localhost:9080", record.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void No_options_print_the_affinity_key()
    {
        var options = Reading.Valid(Reading.ValidFile, (AffinityKey, Secret));

        Assert.Equal(Secret, options.Layer7.AffinityKey);
        Assert.StartsWith("Layer7Options { Listeners = ", options.Layer7.ToString(), StringComparison.Ordinal);
        object[] printed = [options.Layer7, options, new ConfigurationFile { LoadBalancer = options }, new ConfigurationResult(options, [])];
        Assert.All(printed, record => Assert.DoesNotContain("hunter2", record.ToString(), StringComparison.Ordinal));
        Assert.All(printed, record => Assert.Contains("hashed", record.ToString(), StringComparison.Ordinal));
    }
}
