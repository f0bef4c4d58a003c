//! The constants of vector functions.
//!
//! Polynomials are minimax approximations, found by Remez's algorithm in 260 bits and rounded, the coefficient of the lowest
//! power first. Their errors are said as parts of the value.

/// Single precision.
pub(super) mod single {
    pub const MANTISSA: u32 = 23;
    pub const BIAS: u32 = 127;
    /// 2^23, whose neighbours are whole numbers.
    pub const UNIT: f32 = 8_388_608.0;
    /// 1.5·2^23: what is added to it is rounded to a whole number, of either sign.
    pub const ROUND: f32 = 1.5 * UNIT;
    /// The bits of the root of 1/2.
    pub const ROOT_HALF: u32 = 0x3f35_04f3;
    /// The sign, the exponent and the first half of the mantissa.
    pub const FIRST_HALF: u32 = !((1 << 12) - 1);
    pub const LOG2_E: f32 = core::f32::consts::LOG2_E;
    /// log(2) in two parts, of which the first one has 9 zeros at its end.
    pub const LN2_HIGH: f32 = 0.69314575;
    pub const LN2_LOW: f32 = 1.4286068e-06;
    /// Where exp is 0, and where it is infinite.
    pub const EXP_LEAST: f32 = -104.0;
    pub const EXP_MOST: f32 = 89.0;
    /// Where exp(x) − 1 is −1.
    pub const EXPM1_LEAST: f32 = -18.0;
    /// Where tanh is 1.
    pub const TANH_MOST: f32 = 10.0;
    /// Up to where an odd function whose derivative is 1 at 0 is its argument.
    pub const TINY: f32 = 1e-8;
    /// Where erf is 1, and where erfc is 0; the numbers k below.
    pub const ERF_MOST: f32 = 4.0;
    pub const ERFC_MOST: f32 = 11.0;
    pub const ERF_CENTRE: f32 = 2.0;
    pub const ERFC_CENTRE: f32 = 2.0;
    /// (exp(r) − 1 − r)/r², |r| at most log(2)/2: the error of exp is 2^−28.27.
    pub const EXP: [f32; 5] = [0.49999994, 0.1666652, 0.041668393, 0.008368773, 0.0013814503];
    /// The same, for exp(r) − 1, whose relative error is 2^−31.88.
    pub const EXPM1: [f32; 6] = [0.5, 0.16666667, 0.04166636, 0.008333273, 0.0013940728, 0.00019914028];
    /// (log((1 + s)/(1 − s))/s − 2)/s² in s², |s| at most 0.172: the error of the logarithm is 2^−29.2 of s.
    pub const LOG: [f32; 3] = [0.66666776, 0.39977506, 0.2987284];
    /// erf(x)/x − 1 in x² up to 1: the relative error of erf is 2^−29.62.
    pub const ERF: [f32; 7] =
        [0.12837917, -0.37612626, 0.112835854, -0.026853815, 0.0051883305, -0.00080102024, 7.85385e-05];
    /// exp(x²)·erfc(x) in (x − k)/(x + k) from 1 on: the error of erf is 2^−34.71.
    pub const ERF_TAIL: [f32; 6] = [0.25539568, -0.42718586, 0.24165727, -0.0789869, 0.0037297492, 0.007212548];
    /// exp(x²)·erfc(x)·(1 + 2·x) in t = (x − k)/(x + k) from 0.47 on, its value at t = 0 in two parts, and the slope from there: the relative error is 2^−30.33.
    pub const ERFC_TAIL: f32 = 1.2769784;
    pub const ERFC_TAIL_REST: f32 = 7.606426e-9;
    pub const ERFC_TAIL_SLOPE: [f32; 10] = [
        -0.09276381,
        -0.16603033,
        0.1640506,
        -0.054221276,
        -0.008024591,
        0.008732021,
        0.001217353,
        -0.0014836215,
        -0.0003133596,
        0.00023027777,
    ];
}

/// Double precision.
pub(super) mod double {
    pub const MANTISSA: u32 = 52;
    pub const BIAS: u64 = 1023;
    /// 2^52, whose neighbours are whole numbers.
    pub const UNIT: f64 = 4_503_599_627_370_496.0;
    /// 1.5·2^52: what is added to it is rounded to a whole number, of either sign.
    pub const ROUND: f64 = 1.5 * UNIT;
    /// The bits of the root of 1/2.
    pub const ROOT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    /// The sign, the exponent and the first half of the mantissa.
    pub const FIRST_HALF: u64 = !((1 << 27) - 1);
    pub const LOG2_E: f64 = core::f64::consts::LOG2_E;
    /// log(2) in two parts, of which the first one has 32 zeros at its end.
    pub const LN2_HIGH: f64 = 0.6931471803691238;
    pub const LN2_LOW: f64 = 1.9082149292705877e-10;
    /// Where exp is 0, and where it is infinite.
    pub const EXP_LEAST: f64 = -746.0;
    pub const EXP_MOST: f64 = 710.0;
    /// Where exp(x) − 1 is −1.
    pub const EXPM1_LEAST: f64 = -40.0;
    /// Where tanh is 1.
    pub const TANH_MOST: f64 = 20.0;
    /// Up to where an odd function whose derivative is 1 at 0 is its argument.
    pub const TINY: f64 = 1e-17;
    /// Where erf is 1, and where erfc is 0; the numbers k below.
    pub const ERF_MOST: f64 = 6.0;
    pub const ERFC_MOST: f64 = 28.0;
    pub const ERF_CENTRE: f64 = 3.0;
    pub const ERFC_CENTRE: f64 = 3.75;
    /// (exp(r) − 1 − r)/r², |r| at most log(2)/2: the error of exp is 2^−57.9.
    pub const EXP: [f64; 10] = [
        0.5000000000000011,
        0.16666666666666408,
        0.04166666666652991,
        0.008333333333496772,
        0.0013888888943763113,
        0.0001984126950221867,
        2.480149290487957e-05,
        2.7557589591308906e-06,
        2.763033414196973e-07,
        2.4999270493114915e-08,
    ];
    /// The same, for exp(r) − 1, whose relative error is 2^−61.62.
    pub const EXPM1: [f64; 11] = [
        0.5,
        0.16666666666666677,
        0.0416666666666667,
        0.008333333333321867,
        0.0013888888888867249,
        0.00019841269885632437,
        2.480158735993601e-05,
        2.755724462176384e-06,
        2.755724318799795e-07,
        2.5108917940965692e-08,
        2.0924332874735517e-09,
    ];
    /// (log((1 + s)/(1 − s))/s − 2)/s² in s², |s| at most 0.172: the error of the logarithm is 2^−58.47 of s.
    pub const LOG: [f64; 7] = [
        0.6666666666666734,
        0.3999999999941433,
        0.2857142874262795,
        0.22222198534201043,
        0.181835670161811,
        0.1531396631531229,
        0.14796933795173972,
    ];
    /// erf(x)/x − 1 in x² up to 1: the relative error of erf is 2^−56.92.
    pub const ERF: [f64; 12] = [
        0.12837916709551256,
        -0.3761263890318352,
        0.112837916709442,
        -0.026866170643113415,
        0.005223977606130842,
        -0.0008548325929766244,
        0.0001205529358693695,
        -1.4924712439534814e-05,
        1.6447132699786621e-06,
        -1.6206318752969208e-07,
        1.3710988704190523e-08,
        -7.779462971761597e-10,
    ];
    /// exp(x²)·erfc(x) in (x − k)/(x + k) from 1 on: the error of erf is 2^−63.51.
    pub const ERF_TAIL: [f64; 14] = [
        0.17900115118138973,
        -0.32623356004305265,
        0.24560380171218393,
        -0.15011593649715246,
        0.07166583728259816,
        -0.024392498703063165,
        0.0042691365210219745,
        0.0007077180824226389,
        -0.0005972959455078622,
        4.4231996135620493e-05,
        6.121649244710602e-05,
        -1.805570442733867e-05,
        -1.4120061333071585e-05,
        -2.1679154969409646e-06,
    ];
    /// exp(x²)·erfc(x)·(1 + 2·x) in t = (x − k)/(x + k) from 0.47 on, its value at t = 0 in two parts, and the slope from there: the relative error is 2^−57.48.
    pub const ERFC_TAIL: f64 = 1.2375126308378275;
    pub const ERFC_TAIL_REST: f64 = 9.942263710899472e-17;
    pub const ERFC_TAIL_SLOPE: [f64; 21] = [
        -0.140240598585547,
        0.0035854154854661276,
        0.08227673849014631,
        -0.10880393014187295,
        0.09230432116039275,
        -0.05869339858616058,
        0.028362277417856314,
        -0.009746579607353848,
        0.0017556258702350433,
        0.00029371407040932284,
        -0.0002901542149947702,
        5.1647038512589265e-05,
        2.2384842214627684e-05,
        -1.143742532638687e-05,
        -9.75216152137897e-07,
        1.7375255981474002e-06,
        -5.441360533244873e-08,
        -2.401011818446443e-07,
        2.0446201021460577e-08,
        2.4495511585990382e-08,
        -2.242292679109956e-09,
    ];
}
